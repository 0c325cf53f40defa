#!/usr/bin/env bash
# The levels of Pod Security are not stable: `baseline` refuses since 1.34 what it admitted, and `restricted`
# admits since 1.35 what it refused.
#
# k8s.io/pod-security-admission 0.37.2, whose checks are kept for every minor. A probe with a `host`, even
# 127.0.0.1, is refused by `baseline` from version 1.34 on. A pod in its own user namespace (hostUsers: false) that
# may run as root is admitted by `restricted` from version 1.35 on, if the rest is in order. A namespace that
# pins no version follows its cluster: an upgrade changes the answer for an unchanged manifest, in both directions.
#
# Seen, for the minors 1.33, 1.34 and 1.35:
#   baseline, liveness probe with host 127.0.0.1:    true false false
#   restricted, hostUsers: false and no runAsNonRoot: false false true
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >main.go <<'END'
package main

import (
	"fmt"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		panic(err)
	}
	no := false
	probed := core.PodSpec{Containers: []core.Container{{
		LivenessProbe: &core.Probe{ProbeHandler: core.ProbeHandler{HTTPGet: &core.HTTPGetAction{Host: "127.0.0.1"}}},
	}}}
	root := core.PodSpec{
		HostUsers:       &no,
		SecurityContext: &core.PodSecurityContext{SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault}},
		Containers: []core.Container{{SecurityContext: &core.SecurityContext{
			AllowPrivilegeEscalation: &no,
			Capabilities:             &core.Capabilities{Drop: []core.Capability{"ALL"}},
		}}},
	}
	show := func(level api.Level, pod *core.PodSpec) {
		fmt.Print(level)
		for minor := 33; minor <= 35; minor++ {
			version := api.LevelVersion{Level: level, Version: api.MajorMinorVersion(1, minor)}
			results := evaluator.EvaluatePod(version, &meta.ObjectMeta{}, pod)
			fmt.Print(" ", policy.AggregateCheckResults(results).Allowed)
		}
		fmt.Println()
	}
	show(api.LevelBaseline, &probed)
	show(api.LevelRestricted, &root)
}
END
go mod init example.com/finding >init.log 2>&1
go get k8s.io/pod-security-admission@v0.37.2 k8s.io/api@v0.37.2 k8s.io/apimachinery@v0.37.2 >get.log 2>&1
go mod tidy >tidy.log 2>&1
seen=$(go run .)
echo "$seen"
[ "$seen" = $'baseline true false false\nrestricted false false true' ]
