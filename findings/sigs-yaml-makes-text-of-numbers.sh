#!/usr/bin/env bash
# sigs.k8s.io/yaml: a number or boolean without quotes is no error where a Go struct wants a string. It becomes text,
# and a number is first rounded to 32 bits.
#
# sigs.k8s.io/yaml 1.6.0, with the types of k8s.io/api 0.37.2. The reader looks at the type of each field before it
# makes JSON, and turns a scalar into text where the field is a string, strict reading included. An `env` value
# 1234567.10 becomes "1.2345671e+06", version 1.10 becomes "1.1", 012 becomes "10", yes becomes "true". The decoder
# that the API server and kubectl use makes JSON without looking at types, and refuses the same file. So a test or a
# linter that reads manifests with yaml.Unmarshal accepts a Deployment that no cluster takes, and a controller that
# reads its configuration so runs with another value than the file's.
#
# Seen, for the value of an environment variable:
#   1.10          yaml.UnmarshalStrict "1.1"              decoder refuses
#   1234567.10    yaml.UnmarshalStrict "1.2345671e+06"    decoder refuses
#   012           yaml.UnmarshalStrict "10"               decoder refuses
#   yes           yaml.UnmarshalStrict "true"             decoder refuses
#   1:30          yaml.UnmarshalStrict "1:30"             decoder takes it
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'END_OF_GO'
package main

import (
	"fmt"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"sigs.k8s.io/yaml"
)

func main() {
	scheme := runtime.NewScheme()
	if err := core.AddToScheme(scheme); err != nil {
		panic(err)
	}
	decoder := serializer.NewCodecFactory(scheme).UniversalDeserializer()
	for _, value := range []string{"1.10", "1234567.10", "012", "yes", "1:30"} {
		text := []byte("apiVersion: v1\nkind: Pod\nspec: {containers: [{name: a, env: [{name: A, value: " + value + "}]}]}\n")
		var pod core.Pod
		if err := yaml.UnmarshalStrict(text, &pod); err != nil {
			panic(err)
		}
		_, _, err := decoder.Decode(text, nil, nil)
		fmt.Printf("%s: %q, decoder refuses: %t\n", value, pod.Spec.Containers[0].Env[0].Value, err != nil)
	}
}
END_OF_GO
go mod init example.com/finding >init.log 2>&1
go get sigs.k8s.io/yaml@v1.6.0 k8s.io/api@v0.37.2 k8s.io/apimachinery@v0.37.2 >get.log 2>&1
go mod tidy >tidy.log 2>&1
seen=$(go run .)
echo "$seen"
[ "$seen" = '1.10: "1.1", decoder refuses: true
1234567.10: "1.2345671e+06", decoder refuses: true
012: "10", decoder refuses: true
yes: "true", decoder refuses: true
1:30: "1:30", decoder refuses: false' ]
