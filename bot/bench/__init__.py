"""The project's own benchmarks: medians, and ratios to baselines measured in the same run."""
