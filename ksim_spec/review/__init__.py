"""Reviewing a task: the contract between a trained policy and the world it runs in."""
