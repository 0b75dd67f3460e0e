// Reads a history and asks porcupine whether one machine, asked by one at a time, could have given these answers: of claims on names in a
// ledger, or of orders for keys at brokers.
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
	State, Number, Decision, Code           string
	Client, Status                          int
}

func read(path string) []line {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	lines := []line{}
	scanner := bufio.NewScanner(file)
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			panic(err)
		}
		lines = append(lines, l)
	}
	return lines
}

// Operations by call and answer. What was refused and not done is none; what has no answer may take effect at any later time.
func operations(lines []line, in func(line) interface{}, out func(line) interface{}) []porcupine.Operation {
	calls := map[string]*porcupine.Operation{}
	order := []string{}
	counts := map[string]int{}
	for _, l := range lines {
		at, _ := strconv.ParseInt(l.At, 10, 64)
		switch l.Event {
		case "call":
			calls[l.Id] = &porcupine.Operation{ClientId: l.Client, Input: in(l), Call: at, Output: out(line{}), Return: math.MaxInt64}
			order = append(order, l.Id)
		case "answer":
			if answer := out(l); answer != nil {
				calls[l.Id].Output, calls[l.Id].Return = answer, at
			}
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
	fmt.Printf("questions %d, answered %d, refused and not done %d, end not known %d\n", counts["call"], counts["answer"],
		counts["not-done"], counts["call"]-counts["answer"]-counts["not-done"])
	return history
}

func partition(nameOf func(interface{}) string) func([]porcupine.Operation) [][]porcupine.Operation {
	return func(history []porcupine.Operation) [][]porcupine.Operation {
		byName := map[string][]porcupine.Operation{}
		for _, operation := range history {
			name := nameOf(operation.Input)
			byName[name] = append(byName[name], operation)
		}
		parts := [][]porcupine.Operation{}
		for _, part := range byName {
			parts = append(parts, part)
		}
		return parts
	}
}

func main() {
	lines := read(os.Args[2])
	build := map[string]func([]line) (porcupine.Model, []porcupine.Operation, func() bool){"claims": claims, "orders": orders}[os.Args[1]]
	model, history, falsify := build(lines)
	result, _ := porcupine.CheckOperationsVerbose(model, history, 5*time.Minute)
	fmt.Printf("porcupine: linearizable: %s\n", result)
	if result != porcupine.Ok {
		explain(model, history)
	}
	// A check that can only say yes says nothing.
	if !falsify() {
		fmt.Println("no answer could be changed: the history is too short")
		os.Exit(1)
	}
	changed, _ := porcupine.CheckOperationsVerbose(model, history, 5*time.Minute)
	fmt.Printf("porcupine: with one answer changed: %s\n", changed)
	if result != porcupine.Ok || changed != porcupine.Illegal {
		os.Exit(1)
	}
}

// The history of each name that is at fault.
func explain(model porcupine.Model, history []porcupine.Operation) {
	for _, part := range model.Partition(history) {
		if porcupine.CheckOperations(model, part) {
			continue
		}
		for _, operation := range part {
			fmt.Printf("  client %d: %+v -> %+v, %d to %d\n", operation.ClientId, operation.Input, operation.Output, operation.Call, operation.Return)
		}
		fmt.Println()
	}
}
