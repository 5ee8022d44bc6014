"""Messages to others about runs, beside webhooks: statuses of commits, mail, chat."""
