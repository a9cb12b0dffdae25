"""Confidence in predictions: calibration, intervals, and selections with an error rate.

All of it rests on what a model said of measured molecules that it had not learned from.
"""
