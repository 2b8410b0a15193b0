"""What each step answers, as data: one frozen dataclass a step; how it is shown is for `views`."""
