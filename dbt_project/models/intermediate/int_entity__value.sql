{{ golden_values('entity') }}
