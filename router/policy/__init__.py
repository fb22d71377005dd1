"""Turns the YAML files of a town into the compiled policy, or says everything that is wrong."""
