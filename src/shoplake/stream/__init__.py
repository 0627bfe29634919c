"""Events in motion: produce, land and process what goes through Kafka, with nothing lost and nothing twice."""
