{{ golden_values('person') }}
