CREATE TABLE `market_day` (
	`market_id` integer NOT NULL,
	`business_day` text NOT NULL,
	`total_vnd` integer NOT NULL,
	`sale_count` integer NOT NULL,
	`active_stalls30d` integer NOT NULL,
	`payer_sale_count` integer NOT NULL,
	`payers30d` integer NOT NULL,
	`repeat_payers30d` integer NOT NULL,
	PRIMARY KEY(`market_id`, `business_day`)
);
--> statement-breakpoint
CREATE TABLE `payer_sale` (
	`market_id` integer NOT NULL,
	`business_day` text NOT NULL,
	`payer_key` text NOT NULL,
	`transaction_seq` integer NOT NULL,
	`erase_on` text NOT NULL,
	PRIMARY KEY(`market_id`, `business_day`, `payer_key`, `transaction_seq`)
);
--> statement-breakpoint
CREATE INDEX `payer_sale_erase` ON `payer_sale` (`erase_on`);--> statement-breakpoint
CREATE TABLE `rollup_cursor` (
	`market_id` integer PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `section_day` (
	`market_id` integer NOT NULL,
	`business_day` text NOT NULL,
	`section_id` integer NOT NULL,
	`total_vnd` integer NOT NULL,
	`sale_count` integer NOT NULL,
	`active_stalls30d` integer NOT NULL,
	PRIMARY KEY(`market_id`, `business_day`, `section_id`)
);
--> statement-breakpoint
CREATE TABLE `stall_day` (
	`market_id` integer NOT NULL,
	`business_day` text NOT NULL,
	`stall_id` integer NOT NULL,
	`section_id` integer NOT NULL,
	`total_vnd` integer NOT NULL,
	`sale_count` integer NOT NULL,
	PRIMARY KEY(`market_id`, `business_day`, `stall_id`)
);
--> statement-breakpoint
CREATE TABLE `stall_move` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`stall_id` integer NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
DROP INDEX `bank_notification_body`;--> statement-breakpoint
ALTER TABLE `classification` ADD `stall_id` integer;--> statement-breakpoint
ALTER TABLE `match` ADD `part_vnd` integer;--> statement-breakpoint
ALTER TABLE `match` ADD `classification` text DEFAULT 'unclear' NOT NULL;--> statement-breakpoint
ALTER TABLE `match_exception` ADD `body_sha256` text;--> statement-breakpoint
CREATE INDEX `match_exception_body` ON `match_exception` (`market_id`,`body_sha256`);--> statement-breakpoint
UPDATE `match` SET `classification` = coalesce((
  SELECT c.`classification` FROM `classification` c
  WHERE c.`market_id` = `match`.`market_id` AND c.`transaction_seq` = `match`.`transaction_seq` AND c.`seq` > `match`.`seq`
  ORDER BY c.`seq` LIMIT 1
), 'unclear');--> statement-breakpoint
DELETE FROM `change` WHERE `kind` = 'credit';--> statement-breakpoint
UPDATE `match_exception` SET `body_sha256` = (
  SELECT n.`body_sha256` FROM `bank_notification` n
  WHERE n.`market_id` = `match_exception`.`market_id` AND n.`seq` = `match_exception`.`notification_seq`
) WHERE `reason` IN ('unreadable', 'content_changed');
