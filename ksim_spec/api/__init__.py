"""The functions that `import ksim_spec as ks` offers."""
