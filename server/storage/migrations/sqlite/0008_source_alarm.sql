CREATE TABLE `source_alarm` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`source_id` text NOT NULL,
	`kind` text NOT NULL,
	`since` integer NOT NULL,
	`raised_at` integer NOT NULL,
	`ended_at` integer,
	`told` text DEFAULT 'nothing' NOT NULL,
	`tries` integer DEFAULT 0 NOT NULL
);
