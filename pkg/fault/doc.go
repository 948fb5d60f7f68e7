// Package fault lets tests stop a program at a named step, as a crash would.
//
// It is for tests only. A release is built without the tag "faults", and then holds
// nothing of this but a nil function; config refuses to start such a program with
// SALES_FAULT set. With the tag, SALES_FAULT lists what to do:
//
//	SALES_FAULT=uploaded:3          the third time the step is reached: SIGKILL
//	SALES_FAULT=begun:1:stop,…      the first time: SIGSTOP, until someone sends SIGCONT
//
// Steps are named by the code that reaches them: see stream.RunConfig.Fault.
package fault

// Env is the variable that says which faults to inject.
const Env = "SALES_FAULT"
