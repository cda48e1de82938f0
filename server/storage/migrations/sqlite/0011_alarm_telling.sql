CREATE TABLE `alarm_telling` (
	`alarm_id` integer NOT NULL,
	`state` text NOT NULL,
	`way` text NOT NULL,
	`outcome` text NOT NULL,
	`tries` integer NOT NULL,
	`tried_at` integer NOT NULL,
	PRIMARY KEY(`alarm_id`, `state`, `way`)
);
--> statement-breakpoint
INSERT INTO `alarm_telling` SELECT `id`, `told`, 'webhook', 'told', 1, coalesce(`ended_at`, `raised_at`) FROM `source_alarm` WHERE `told` <> 'nothing';
--> statement-breakpoint
ALTER TABLE `source_alarm` DROP COLUMN `told`;--> statement-breakpoint
ALTER TABLE `source_alarm` DROP COLUMN `tries`;