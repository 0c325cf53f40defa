#!/usr/bin/env bash
# In a CustomResourceDefinition, `format: duration` takes "1.5d" for five days, "-1d" for one day, and nearly any text
# with a number and a unit in it.
#
# k8s.io/kube-openapi as Kubernetes 1.37.2 requires it, whose validator judges custom resources and whose durations
# are what CEL rules of the definition compare. If Go does not know the text as a duration, every pair of digits
# and a unit in it is added up, and what is between them does not count, a sign and a decimal point included. The
# controller behind it mostly has metav1.Duration, which is Go's: it cannot read what the API server has stored.
#
# Seen:
#   1.5h              valid, 1h30m0s      metav1.Duration reads it
#   1.5d              valid, 120h0m0s     metav1.Duration does not
#   -1h               valid, -1h0m0s      metav1.Duration reads it
#   -1d               valid, 24h0m0s      metav1.Duration does not
#   P1M               valid, 1m0s         metav1.Duration does not
#   10 seconds ago    valid, 10s          metav1.Duration does not
#   1 month           not valid
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'END_OF_GO'
package main

import (
	"fmt"
	"strconv"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"k8s.io/kube-openapi/pkg/validation/strfmt"
	"k8s.io/kube-openapi/pkg/validation/validate"
)

func main() {
	schema := &spec.Schema{SchemaProps: spec.SchemaProps{Type: []string{"string"}, Format: "duration"}}
	validator := validate.NewSchemaValidator(schema, nil, "", strfmt.Default)
	for _, text := range []string{"1.5h", "1.5d", "-1h", "-1d", "P1M", "10 seconds ago", "1 month"} {
		valid := validator.Validate(text).IsValid()
		duration, _ := strfmt.ParseDuration(text)
		var controller meta.Duration
		err := controller.UnmarshalJSON([]byte(strconv.Quote(text)))
		fmt.Println(text, valid, duration, err == nil)
	}
}
END_OF_GO
go mod init example.com/finding >init.log 2>&1
go get k8s.io/apimachinery@v0.37.2 k8s.io/kube-openapi@v0.0.0-20260721132016-d427ff9ee9ad >get.log 2>&1
go mod tidy >tidy.log 2>&1
seen=$(go run .)
echo "$seen"
[ "$seen" = "1.5h true 1h30m0s true
1.5d true 120h0m0s false
-1h true -1h0m0s true
-1d true 24h0m0s false
P1M true 1m0s false
10 seconds ago true 10s false
1 month false 0s false" ]
