CREATE TABLE `__new_source_heard` (
	`source_id` text NOT NULL,
	`channel` text NOT NULL,
	`bank_bin` text NOT NULL,
	`heard_at` integer NOT NULL,
	PRIMARY KEY(`source_id`, `channel`, `bank_bin`)
);
--> statement-breakpoint
INSERT INTO `__new_source_heard`("source_id", "channel", "bank_bin", "heard_at") SELECT "source_id", "channel", '', "heard_at" FROM `source_heard`;--> statement-breakpoint
DROP TABLE `source_heard`;--> statement-breakpoint
ALTER TABLE `__new_source_heard` RENAME TO `source_heard`;--> statement-breakpoint
CREATE TABLE `__new_source_hour` (
	`source_id` text NOT NULL,
	`hour` integer NOT NULL,
	`bank_bin` text NOT NULL,
	`channel` text NOT NULL,
	`within_s` integer NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`hour`, `source_id`, `bank_bin`, `channel`, `within_s`)
);
--> statement-breakpoint
INSERT INTO `__new_source_hour`("source_id", "hour", "bank_bin", "channel", "within_s", "count") SELECT "source_id", "hour", '', "channel", "within_s", "count" FROM `source_hour`;--> statement-breakpoint
DROP TABLE `source_hour`;--> statement-breakpoint
ALTER TABLE `__new_source_hour` RENAME TO `source_hour`;--> statement-breakpoint
ALTER TABLE `source_alarm` ADD `bank_bin` text;