// Command validator says what a Kubernetes API server would refuse, by the server's own code.
//
// It reads JSON lines on standard input and writes one JSON line for each question on standard
// output, after a first line that names its version. It opens no file and no connection. A line of
// input is one of
//
//	{"definition": "KEY", "object": {...}}                              a CustomResourceDefinition
//	{"id": 7, "minor": 36, "base": {...}, "head": {...}, "definition": "KEY"}   a question
//
// `base` is absent for a new object, `definition` for a kind of Kubernetes itself. The answer is
//
//	{"id": 7, "refusals": [{"field": "spec.replicas", "type": "FieldValueInvalid", ...}]}
//	{"id": 7, "skipped": "why nothing can be said of the kind"}
//	{"id": 7, "problem": "why this object could not be judged"}
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"k8s.io/apimachinery/pkg/util/version"
	utilfeature "k8s.io/apiserver/pkg/util/feature"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/capabilities"
)

const (
	// release is what `validator version` prints: upstream's version and the revision of this
	// program, which is raised where its answers change. bot/render/tools.lock pins it.
	release        = "1.37.2-1"
	newestMinor    = 37
	oldestMinor    = 30
	largestLine    = 64 << 20
	longestPerItem = 15 * time.Second
)

// Question is one line of input: a definition, or an object at base and at head.
type Question struct {
	ID         int             `json:"id"`
	Minor      int             `json:"minor"`
	Base       json.RawMessage `json:"base"`
	Head       json.RawMessage `json:"head"`
	Definition string          `json:"definition"`
	Object     json.RawMessage `json:"object"`
}

// Refusal is one reason why the server refuses an object.
//
// Field is upstream's path, Type upstream's kind of error. Update says that the object is valid and
// only the change to it is refused; Culprits are then the fields whose change alone is refused.
type Refusal struct {
	Field    string   `json:"field"`
	Type     string   `json:"type"`
	Detail   string   `json:"detail"`
	Update   bool     `json:"update,omitempty"`
	Culprits []string `json:"culprits,omitempty"`
}

// Answer is one line of output.
type Answer struct {
	ID       int       `json:"id"`
	Refusals []Refusal `json:"refusals,omitempty"`
	Skipped  string    `json:"skipped,omitempty"`
	Problem  string    `json:"problem,omitempty"`
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "version" {
		fmt.Println("validator", release)
		return
	}
	quietLogs()
	// The flag --allow-privileged of the server, which every installer sets.
	capabilities.Setup(true, 0)
	debug.SetGCPercent(400)
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// quietLogs keeps upstream's log lines, which may hold values of objects, off standard error.
func quietLogs() {
	flags := flag.NewFlagSet("klog", flag.ContinueOnError)
	klog.InitFlags(flags)
	_ = flags.Set("logtostderr", "false")
	_ = flags.Set("stderrthreshold", "FATAL")
	klog.SetOutput(io.Discard)
}

func serve(input io.Reader, output io.Writer) error {
	lines := bufio.NewScanner(input)
	lines.Buffer(make([]byte, 0, 1<<20), largestLine)
	answers := json.NewEncoder(output)
	if err := answers.Encode(map[string]string{"tool": release}); err != nil {
		return err
	}
	definitions := map[string]json.RawMessage{}
	custom := newCustomKinds(definitions)
	minor := 0
	for lines.Scan() {
		var question Question
		if err := json.Unmarshal(lines.Bytes(), &question); err != nil {
			return fmt.Errorf("a line of input is not a question")
		}
		if question.Object != nil {
			definitions[question.Definition] = append(json.RawMessage(nil), question.Object...)
			continue
		}
		if wanted := clamp(question.Minor); wanted != minor {
			if err := emulate(wanted); err != nil {
				return err
			}
			minor = wanted
			custom = newCustomKinds(definitions)
		}
		if err := answers.Encode(bounded(question, custom)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func clamp(minor int) int {
	if minor == 0 || minor > newestMinor {
		return newestMinor
	}
	return max(minor, oldestMinor)
}

// emulate sets upstream's feature gates to what they were by default in this minor version.
func emulate(minor int) error {
	return utilfeature.DefaultMutableFeatureGate.SetEmulationVersion(
		version.MajorMinor(1, uint(minor)))
}

// bounded answers a question, or says that it took too long and leaves it behind.
func bounded(question Question, custom *customKinds) Answer {
	done := make(chan Answer, 1)
	go func() { done <- recovered(question, custom) }()
	select {
	case answer := <-done:
		return answer
	case <-time.After(longestPerItem):
		return Answer{ID: question.ID, Problem: "its validation takes too long"}
	}
}

// recovered answers a question; upstream's code may panic on objects that no server would store.
func recovered(question Question, custom *customKinds) (answer Answer) {
	defer func() {
		if recover() != nil {
			answer = Answer{ID: question.ID, Problem: "its validation crashed"}
		}
	}()
	kind, skipped := findKind(question, custom)
	if skipped != "" {
		return Answer{ID: question.ID, Skipped: skipped}
	}
	return Answer{ID: question.ID, Refusals: judge(kind, question.Base, question.Head)}
}
