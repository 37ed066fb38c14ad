"""Fitted models: weights, calibration and the need-offer curve, as plain arrays."""
