/** Paths of a pod's processes in /proc/PID/cgroup, and the source of each form. */
export interface Layout {
  readonly from: string;
  readonly cgroup: (uid: string, id: string) => string;
}

const systemd = (uid: string) => uid.replaceAll('-', '_');

export const LAYOUTS: Readonly<Record<string, Layout>> = {
  'containerd, cgroup v2, cgroupfs driver': {
    from: 'written from knowledge, not recorded: names of the cgroupfs driver, in a cgroup namespace (cgroup_namespaces(7))',
    cgroup: (uid, id) => `0::/../../besteffort/pod${uid}/${id}`,
  },
  'containerd, cgroup v1, cgroupfs driver': {
    from: 'kubelet pkg/kubelet/cm: cgroup_manager_linux.go, ToCgroupfs; proc_cgroup(5)',
    cgroup: (uid, id) =>
      [
        `12:pids:/kubepods/burstable/pod${uid}/${id}`,
        `4:cpu,cpuacct:/kubepods/burstable/pod${uid}/${id}`,
        `1:name=systemd:/kubepods/burstable/pod${uid}/${id}`,
      ].join('\n'),
  },
  'containerd, cgroup v2, systemd driver': {
    from: 'containerd internal/cri: getCgroupsPath (SLICE:cri-containerd:ID); runc libcontainer/cgroups/systemd',
    cgroup: (uid, id) =>
      `0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${systemd(uid)}.slice/cri-containerd-${id}.scope`,
  },
  'CRI-O, cgroup v2, systemd driver': {
    from: 'CRI-O internal/config/cgmgr: scope prefix crio',
    cgroup: (uid, id) =>
      `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${systemd(uid)}.slice/crio-${id}.scope`,
  },
  'Docker by cri-dockerd, cgroup v2, systemd driver': {
    from: 'moby daemon/oci_linux.go: scopePrefix docker',
    cgroup: (uid, id) => `0::/kubepods.slice/kubepods-pod${systemd(uid)}.slice/docker-${id}.scope`,
  },
  'k3s, cgroup v2, cgroupfs driver, guaranteed': {
    from: 'k3s embeds containerd; kubelet names Guaranteed pods without a class (cgroup_manager_linux.go)',
    cgroup: (uid, id) => `0::/kubepods/pod${uid}/${id}`,
  },
  'a kind node: the whole below its own container': {
    from: 'kind: kubelet --cgroup-root=/kubelet (entrypoint and kubeadm patches of kindest/node)',
    cgroup: (uid, id) =>
      `0::/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod${systemd(uid)}.slice/cri-containerd-${id}.scope`,
  },
};

/** Files in which runtimes store the PID of a container's first process, and the source of each path. */
export const STATE_FILES: Readonly<Record<string, (id: string) => string>> = {
  // containerd core/runtime/v2: bundle of the task; written from its source, not recorded.
  containerd: (id) => `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/init.pid`,
  // k3s and rke2: state = /run/k3s/containerd in their containerd configuration.
  'k3s and rke2': (id) => `/run/k3s/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/init.pid`,
  // microk8s: containerd.toml has state = ${SNAP_COMMON}/run/containerd.
  microk8s: (id) =>
    `/var/snap/microk8s/common/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}/init.pid`,
  // moby: namespace moby of the containerd beside it.
  Docker: (id) => `/run/containerd/io.containerd.runtime.v2.task/moby/${id}/init.pid`,
  // containers/storage run root; CRI-O writes conmon's --container-pidfile there.
  'CRI-O': (id) => `/run/containers/storage/overlay-containers/${id}/userdata/pidfile`,
};
