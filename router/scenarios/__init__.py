"""The town's own scenarios: acted through the production core, in memory, on a simulated clock."""
