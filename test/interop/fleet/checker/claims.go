package main

import "github.com/anishathalye/porcupine"

type claimCall struct{ op, name, intent string }

// known is false of an operation whose end nobody knows.
type claimAnswer struct {
	known  bool
	holder string
}

// Claims on names. The state of a name is the intent that holds it, which is another one each time; empty where none does.
func claims(lines []line) (porcupine.Model, []porcupine.Operation, func() bool) {
	model := (&porcupine.NondeterministicModel{
		Init: func() []interface{} { return []interface{}{""} },
		Step: func(state, in, out interface{}) []interface{} {
			held, i, o := state.(string), in.(claimCall), out.(claimAnswer)
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
		Partition: partition(func(in interface{}) string { return in.(claimCall).name }),
	}).ToModel()
	history := operations(lines,
		func(l line) interface{} { return claimCall{l.Op, l.Name, l.Intent} },
		func(l line) interface{} { return claimAnswer{l.Event == "answer", l.Holder} })
	return model, history, func() bool {
		// One claim on a key that was refused, told that it was granted.
		for i, operation := range history {
			in, out := operation.Input.(claimCall), operation.Output.(claimAnswer)
			if in.op == "claim" && out.known && out.holder != in.intent && in.name[:3] == "key" {
				history[i].Output = claimAnswer{true, in.intent}
				return true
			}
		}
		return false
	}
}
