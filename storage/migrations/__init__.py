"""Numbered schema steps, one module each."""
