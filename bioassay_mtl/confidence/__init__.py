"""Confidence in predictions: calibration, intervals, and selections with an error rate.

All of it rests on predictions of measured molecules that the model had not learned from.
"""
