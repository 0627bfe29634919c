"""An engine is a list of facts about itself. What is computed stands in warehouse/, how a build runs in build/."""
