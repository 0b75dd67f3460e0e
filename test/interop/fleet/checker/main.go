// Reads a history of claims and asks porcupine whether one ledger, used by one host at a time, could have given these answers.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/anishathalye/porcupine"
)

type line struct {
	Id, At, Event, Op, Name, Intent, Holder string
	Client                                  int
}

type input struct{ op, name, intent string }

// known is false of an operation whose end nobody knows.
type output struct {
	known  bool
	holder string
}

// The state of a name is the intent that holds it, which is another one each time; empty where none does.
var model = (&porcupine.NondeterministicModel{
	Init: func() []interface{} { return []interface{}{""} },
	Step: func(state, in, out interface{}) []interface{} {
		held, i, o := state.(string), in.(input), out.(output)
		after := held
		switch {
		case i.op == "claim" && held == "":
			after = i.intent
		case i.op == "release" && held == i.intent:
			after = ""
		}
		if !o.known {
			return []interface{}{held, after}
		}
		if i.op != "release" && o.holder != after {
			return nil
		}
		return []interface{}{after}
	},
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byName := map[string][]porcupine.Operation{}
		for _, operation := range history {
			name := operation.Input.(input).name
			byName[name] = append(byName[name], operation)
		}
		parts := [][]porcupine.Operation{}
		for _, part := range byName {
			parts = append(parts, part)
		}
		return parts
	},
}).ToModel()

func main() {
	file, err := os.Open(os.Args[1])
	if err != nil {
		panic(err)
	}
	calls := map[string]*porcupine.Operation{}
	order := []string{}
	counts := map[string]int{}
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			panic(err)
		}
		at, _ := strconv.ParseInt(l.At, 10, 64)
		switch l.Event {
		case "call":
			calls[l.Id] = &porcupine.Operation{ClientId: l.Client, Input: input{l.Op, l.Name, l.Intent}, Call: at, Output: output{}, Return: math.MaxInt64}
			order = append(order, l.Id)
		case "answer":
			calls[l.Id].Output, calls[l.Id].Return = output{true, l.Holder}, at
		case "not-done":
			delete(calls, l.Id)
		}
		counts[l.Event]++
	}
	history := []porcupine.Operation{}
	for _, id := range order {
		if call, there := calls[id]; there {
			history = append(history, *call)
		}
	}
	result, _ := porcupine.CheckOperationsVerbose(model, history, 5*time.Minute)
	fmt.Printf("questions %d, answered %d, refused and not done %d, end not known %d\n", counts["call"], counts["answer"],
		counts["not-done"], counts["call"]-counts["answer"]-counts["not-done"])
	fmt.Printf("porcupine: linearizable: %s\n", result)
	// A check that can only say yes says nothing: one claim that was refused, told that it was granted.
	for i, operation := range history {
		in, out := operation.Input.(input), operation.Output.(output)
		if in.op == "claim" && out.known && out.holder != in.intent && in.name[:3] == "key" {
			history[i].Output = output{true, in.intent}
			break
		}
	}
	changed, _ := porcupine.CheckOperationsVerbose(model, history, 5*time.Minute)
	fmt.Printf("porcupine: with one answer changed: %s\n", changed)
	if result != porcupine.Ok || changed != porcupine.Illegal {
		os.Exit(1)
	}
}
