"""The commands of `saksei-intake`, by what they are about; app.cli puts them together."""
