"""The sealed formats of Saksei, one module per section of the specification. Re-exports nothing, on purpose."""
