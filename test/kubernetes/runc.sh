#!/bin/sh
# runc for images that use this machine's programs: their containers see some paths of this machine,
# read-only. The file host-paths beside this script lists them as one line NAME=PATH:PATH… per image.
# containerd names the image in the container's annotations.
set -eu
table=${0%/*}/host-paths
bundle=
case " $* " in
  *' create '*)
    previous=
    for word; do
      [ "$previous" != --bundle ] || bundle=$word
      previous=$word
    done
    ;;
esac
if [ -n "$bundle" ]; then
  image=$(jq -r '.annotations["io.kubernetes.cri.image-name"] // ""' "$bundle/config.json")
  # The name as in the pod: Docker's registry may be omitted, and a digest takes precedence over a tag.
  image=${image#docker.io/}
  image=${image#library/}
  case $image in *:*@*) image=${image%%:*}@${image#*@} ;; esac
  paths=
  while IFS='=' read -r name list; do
    [ "$name" != "$image" ] || paths=$list
  done <"$table"
  if [ -n "$paths" ]; then
    # Before all other mounts except those of the system, so that a volume can be mounted over it.
    jq --arg paths "$paths" '
      ($paths | split(":") | map({
        destination: ., source: ., type: "bind", options: ["rbind", "rprivate", "ro"]
      })) as $more
      | .mounts |= (map(select(.type != "bind")) + $more + map(select(.type == "bind")))
    ' "$bundle/config.json" >"$bundle/config.json.new"
    mv "$bundle/config.json.new" "$bundle/config.json"
  fi
fi
exec runc "$@"
