CREATE TABLE `source_heard` (
	`source_id` text NOT NULL,
	`channel` text NOT NULL,
	`heard_at` integer NOT NULL,
	PRIMARY KEY(`source_id`, `channel`)
);
--> statement-breakpoint
INSERT INTO `source_heard` SELECT `source_id`, `channel`, max(`recorded_at`) FROM `bank_transaction` GROUP BY `source_id`, `channel`;
--> statement-breakpoint
INSERT INTO `source_heard` SELECT n.`source_id`, 'push', max(n.`received_at`) FROM `bank_notification` n GROUP BY n.`source_id`
HAVING max(n.`received_at`) > coalesce((SELECT max(h.`heard_at`) FROM `source_heard` h WHERE h.`source_id` = n.`source_id`), 0)
ON CONFLICT (`source_id`, `channel`) DO UPDATE SET `heard_at` = excluded.`heard_at`;
