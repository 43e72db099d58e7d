"""The commands of saksei-reviewer, one module a group: each reads its options, calls one room's function, and shows the result."""
