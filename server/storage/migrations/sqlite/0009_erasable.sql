CREATE TABLE `erasable` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`body` blob,
	`remittance_text` text,
	`payer_name` text,
	`payer_account` text,
	`erase_on` text NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
INSERT INTO `erasable` (`market_id`, `seq`, `body`, `erase_on`) SELECT `market_id`, `notification_seq`, `body`, `erase_on` FROM `notification_body`;--> statement-breakpoint
INSERT INTO `erasable` (`market_id`, `seq`, `remittance_text`, `payer_name`, `payer_account`, `erase_on`) SELECT `market_id`, `transaction_seq`, `remittance_text`, `payer_name`, `payer_account`, `erase_on` FROM `transaction_text`;--> statement-breakpoint
CREATE INDEX `erasable_erase` ON `erasable` (`erase_on`);--> statement-breakpoint
DROP TABLE `notification_body`;--> statement-breakpoint
DROP TABLE `transaction_text`;