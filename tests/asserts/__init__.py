"""The vocabulary of proof: what drills and fault schedules assert."""
