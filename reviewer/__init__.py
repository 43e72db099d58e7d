"""The offline reviewers' tool: makes a call's keys, opens what came in, keeps it encrypted, releases summaries. Uses no network."""
