{{ golden_values('address') }}
