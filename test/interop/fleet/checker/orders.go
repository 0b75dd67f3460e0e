package main

import "github.com/anishathalye/porcupine"

type orderCall struct {
	op, name, decision string
	// What the CA has for the key: what a call whose end nobody knows may have led to.
	numbers []string
}

// known is false of a call whose end nobody knows: no answer, or one that says that something failed.
type orderAnswer struct {
	known         bool
	state, number string
}

// What there is of a key: what the second person has said, and its order: none, "unknown", or its number.
type key struct{ decision, order string }

const none, unknown = "", "unknown"

// Orders for keys. Once a number was told, it is the key's for good; what is unknown stays so until the operator has settled it; what was
// declined is never ordered, and nothing waits for a decision that was taken.
func orders(lines []line) (porcupine.Model, []porcupine.Operation, func() bool) {
	numbers := map[string][]string{}
	for _, l := range lines {
		if l.Event == "number" {
			numbers[l.Name] = append(numbers[l.Name], l.Number)
		}
	}
	model := (&porcupine.NondeterministicModel{
		Init: func() []interface{} { return []interface{}{key{}} },
		Step: func(state, in, out interface{}) []interface{} {
			return step(state.(key), in.(orderCall), out.(orderAnswer))
		},
		Partition: partition(func(in interface{}) string { return in.(orderCall).name }),
	}).ToModel()
	history := operations(lines,
		func(l line) interface{} { return orderCall{l.Op, l.Name, l.Decision, numbers[l.Name]} },
		func(l line) interface{} {
			return orderAnswer{l.Event == "answer" && (l.Status == 200 || l.Status == 202), l.State, l.Number}
		})
	for i, operation := range history {
		out := operation.Output.(orderAnswer)
		// An answer that says that something failed, or is under way: it may have been done before, or may yet be.
		if !out.known || operation.Input.(orderCall).op == "place" && out.state == "ordering" {
			history[i].Output = orderAnswer{}
			history[i].Return = 1<<63 - 1
		}
	}
	return model, history, func() bool {
		// A number that was told, told as another.
		for i, operation := range history {
			out := operation.Output.(orderAnswer)
			if operation.Input.(orderCall).op == "look" && out.known && out.state == "issued" {
				history[i].Output = orderAnswer{true, out.state, out.number + "0"}
				return true
			}
		}
		return false
	}
}

func step(k key, in orderCall, out orderAnswer) []interface{} {
	allowed := func(is bool, after key) []interface{} {
		if !is {
			return nil
		}
		return []interface{}{after}
	}
	mayOrder := k.order == none && k.decision != "reject"
	if !out.known {
		after := []interface{}{k}
		switch in.op {
		case "place":
			if mayOrder {
				after = append(after, key{k.decision, unknown})
				for _, number := range in.numbers {
					after = append(after, key{k.decision, number})
				}
			}
		case "decide":
			if k.decision == "" {
				after = append(after, key{in.decision, k.order})
			}
		}
		return after
	}
	switch in.op {
	case "decide":
		// The same said again is no other decision.
		return allowed(k.decision == in.decision || k.decision == "" && k.order == none, key{in.decision, k.order})
	case "resolve":
		// Before it is told that it is unknown, the journal of the broker says so.
		return allowed(k.order == unknown || k.order == none, key{k.decision, out.number})
	}
	switch out.state {
	case "awaiting-approval":
		return allowed(k.order == none && k.decision == "", k)
	case "declined":
		return allowed(k.order == none && k.decision == "reject", k)
	case "none", "ordering":
		return allowed(k.order == none, k)
	case "unknown":
		return allowed(mayOrder || k.order == unknown, key{k.decision, unknown})
	case "ordered", "issued":
		return allowed(k.order == out.number || in.op == "place" && mayOrder, key{k.decision, out.number})
	}
	return nil
}
