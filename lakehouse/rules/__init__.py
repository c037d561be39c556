"""The kinds of row rules, declared: one module each, named as in `spark_jobs/transforms/rules` and `expectations/rules`."""
