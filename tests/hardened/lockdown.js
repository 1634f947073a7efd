// SES, between the module and its tests: what was imported before must work under what is frozen.
import "ses";

// Stacks as they are: tests compare them.
lockdown({ errorTaming: "unsafe", consoleTaming: "unsafe", overrideTaming: "severe" });
