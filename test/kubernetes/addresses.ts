/** All pods of the cluster, flannel's default network. Each node gets a /24 of it. */
export const POD_NETWORK = '10.244.0.0/16';
/** The addresses of services, kubeadm's default. */
export const SERVICE_NETWORK = '10.96.0.0/12';
/** The first of these addresses is the API server's, and the tenth the cluster's DNS. */
export const API_SERVICE = '10.96.0.1';
export const CLUSTER_DNS = '10.96.0.10';
/** The port of the API server on its node. */
export const API_PORT = 6443;
