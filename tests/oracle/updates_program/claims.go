package main

import (
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/kubernetes/pkg/apis/resource"
	_ "k8s.io/kubernetes/pkg/apis/resource/install"
	"k8s.io/kubernetes/pkg/apis/resource/validation"
)

func init() {
	validators["ResourceClaim"] = func(next, stored runtime.Object) field.ErrorList {
		return validation.ValidateResourceClaimUpdate(
			next.(*resource.ResourceClaim), stored.(*resource.ResourceClaim))
	}
	validators["ResourceClaimTemplate"] = func(next, stored runtime.Object) field.ErrorList {
		return validation.ValidateResourceClaimTemplateUpdate(
			next.(*resource.ResourceClaimTemplate), stored.(*resource.ResourceClaimTemplate))
	}
}
