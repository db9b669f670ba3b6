/** All pods of the cluster, as flannel's default network; each node gets a /24 of it. */
export const POD_NETWORK = '10.244.0.0/16';
/** The addresses of services, as kubeadm's default. */
export const SERVICE_NETWORK = '10.96.0.0/12';
/** The API server's address in there is the first one, and the cluster's DNS the tenth. */
export const API_SERVICE = '10.96.0.1';
export const CLUSTER_DNS = '10.96.0.10';
/** Where the API server listens on its node. */
export const API_PORT = 6443;
