"""The core: reads articles, condenses them, answers questions. It knows no chat platform, scheduler or process."""
