"""A vision-language model as planner."""
