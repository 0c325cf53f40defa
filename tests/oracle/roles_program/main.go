// Command roles prints the roles and bindings that an API server creates by itself, as JSON lines.
package main

import (
	"encoding/json"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy"
)

type entry struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Object    any    `json:"object"`
}

func main() {
	out := json.NewEncoder(os.Stdout)
	put := func(kind, namespace string, object metav1.Object) {
		if err := out.Encode(entry{kind, namespace, object}); err != nil {
			panic(err)
		}
	}
	for _, role := range bootstrappolicy.ClusterRoles() {
		put("ClusterRole", "", &role)
	}
	for _, role := range bootstrappolicy.ControllerRoles() {
		put("ClusterRole", "", &role)
	}
	for _, binding := range bootstrappolicy.ClusterRoleBindings() {
		put("ClusterRoleBinding", "", &binding)
	}
	for _, binding := range bootstrappolicy.ControllerRoleBindings() {
		put("ClusterRoleBinding", "", &binding)
	}
	for namespace, roles := range bootstrappolicy.NamespaceRoles() {
		for _, role := range roles {
			put("Role", namespace, &role)
		}
	}
	for namespace, bindings := range bootstrappolicy.NamespaceRoleBindings() {
		for _, binding := range bindings {
			put("RoleBinding", namespace, &binding)
		}
	}
}
