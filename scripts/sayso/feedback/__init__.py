"""What an annotator can learn from gold: own answers beside it, by the rule of the guidelines that was missed."""
