"""One definition of a call: models, loader, conditions, answers, codebook and the calls that ship."""
