CREATE TABLE `bank_notification` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`source_id` text NOT NULL,
	`body_sha256` text NOT NULL,
	`received_at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `bank_notification_body` ON `bank_notification` (`market_id`,`source_id`,`body_sha256`);--> statement-breakpoint
CREATE TABLE `bank_transaction` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`source_id` text NOT NULL,
	`source_key` text NOT NULL,
	`notification_seq` integer NOT NULL,
	`channel` text NOT NULL,
	`bank_bin` text NOT NULL,
	`account_number` text NOT NULL,
	`virtual_account` text,
	`direction` text NOT NULL,
	`amount_vnd` integer NOT NULL,
	`booked_at` integer NOT NULL,
	`booked_precision` text NOT NULL,
	`business_day` text NOT NULL,
	`bank_reference` text,
	`text_sha256` text NOT NULL,
	`content_sha256` text NOT NULL,
	`not_counted` text,
	`recorded_at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `bank_transaction_source_key` ON `bank_transaction` (`market_id`,`source_id`,`source_key`);--> statement-breakpoint
CREATE INDEX `bank_transaction_natural` ON `bank_transaction` (`market_id`,`business_day`,`account_number`,`amount_vnd`);--> statement-breakpoint
CREATE TABLE `change` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`stall_id` integer NOT NULL,
	`transaction_seq` integer NOT NULL,
	`kind` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE TABLE `classification` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`transaction_seq` integer NOT NULL,
	`classification` text NOT NULL,
	`by` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE INDEX `classification_transaction` ON `classification` (`market_id`,`transaction_seq`,`seq`);--> statement-breakpoint
CREATE TABLE `consent` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`market_id` integer NOT NULL,
	`vendor_id` integer NOT NULL,
	`action` text NOT NULL,
	`text_version` text NOT NULL,
	`by` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `consent_vendor` ON `consent` (`vendor_id`);--> statement-breakpoint
CREATE TABLE `daily_outcome` (
	`market_id` integer NOT NULL,
	`business_day` text NOT NULL,
	`source_id` text NOT NULL,
	`outcome` text NOT NULL,
	`transaction_count` integer NOT NULL,
	`amount_vnd` integer NOT NULL,
	PRIMARY KEY(`market_id`, `business_day`, `source_id`, `outcome`)
);
--> statement-breakpoint
CREATE TABLE `market` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`code` text NOT NULL,
	`name` text NOT NULL,
	`day_starts_at_minutes` integer NOT NULL,
	`market_days` text NOT NULL,
	`stall_word` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `market_code` ON `market` (`code`);--> statement-breakpoint
CREATE TABLE `market_counter` (
	`market_id` integer PRIMARY KEY NOT NULL,
	`seq` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `match` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`transaction_seq` integer NOT NULL,
	`business_day` text NOT NULL,
	`stall_id` integer NOT NULL,
	`rule` text NOT NULL,
	`by` text NOT NULL,
	`reason` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE INDEX `match_day` ON `match` (`market_id`,`business_day`,`stall_id`,`seq`);--> statement-breakpoint
CREATE INDEX `match_transaction` ON `match` (`market_id`,`transaction_seq`);--> statement-breakpoint
CREATE TABLE `match_exception` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`notification_seq` integer NOT NULL,
	`transaction_seq` integer,
	`business_day` text NOT NULL,
	`reason` text NOT NULL,
	`detail` text,
	`at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE INDEX `match_exception_day` ON `match_exception` (`market_id`,`business_day`,`seq`);--> statement-breakpoint
CREATE TABLE `match_reversal` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`match_seq` integer NOT NULL,
	`by` text NOT NULL,
	`reason` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `match_reversal_match` ON `match_reversal` (`market_id`,`match_seq`);--> statement-breakpoint
CREATE TABLE `notification_body` (
	`market_id` integer NOT NULL,
	`notification_seq` integer NOT NULL,
	`body` blob NOT NULL,
	`erase_on` text NOT NULL,
	PRIMARY KEY(`market_id`, `notification_seq`)
);
--> statement-breakpoint
CREATE INDEX `notification_body_erase` ON `notification_body` (`erase_on`);--> statement-breakpoint
CREATE TABLE `payee_account` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`market_id` integer NOT NULL,
	`stall_id` integer NOT NULL,
	`bank_bin` text NOT NULL,
	`account_number` text NOT NULL,
	`account_name` text NOT NULL,
	`virtual_account` text,
	`holder` text NOT NULL,
	`holder_type` text NOT NULL,
	`selling_only` integer NOT NULL,
	`proposed_by` text NOT NULL,
	`proposed_at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `payee_account_stall` ON `payee_account` (`stall_id`);--> statement-breakpoint
CREATE TABLE `payee_account_state` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`market_id` integer NOT NULL,
	`account_id` integer NOT NULL,
	`state` text NOT NULL,
	`by` text NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `payee_account_state_account` ON `payee_account_state` (`account_id`);--> statement-breakpoint
CREATE TABLE `section` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`market_id` integer NOT NULL,
	`name` text NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `section_name` ON `section` (`market_id`,`name`);--> statement-breakpoint
CREATE TABLE `session` (
	`token_hash` text PRIMARY KEY NOT NULL,
	`role` text NOT NULL,
	`market_id` integer NOT NULL,
	`vendor_id` integer,
	`device` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE TABLE `setting` (
	`key` text PRIMARY KEY NOT NULL,
	`value` text NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sign_in_code` (
	`code_hash` text PRIMARY KEY NOT NULL,
	`role` text NOT NULL,
	`market_id` integer NOT NULL,
	`vendor_id` integer,
	`issued_by` text NOT NULL,
	`issued_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`used_at` integer
);
--> statement-breakpoint
CREATE TABLE `source` (
	`id` text PRIMARY KEY NOT NULL,
	`kind` text NOT NULL,
	`mode` text NOT NULL,
	`label` text NOT NULL,
	`api_token` text,
	`backfill_cursor` text,
	`backfilled_at` integer,
	`created_at` integer NOT NULL,
	`removed_at` integer
);
--> statement-breakpoint
CREATE TABLE `source_account` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`source_id` text NOT NULL,
	`bank_bin` text NOT NULL,
	`account_number` text NOT NULL,
	`since` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `source_account_key` ON `source_account` (`source_id`,`bank_bin`,`account_number`);--> statement-breakpoint
CREATE TABLE `source_secret` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`source_id` text NOT NULL,
	`secret` text NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer
);
--> statement-breakpoint
CREATE INDEX `source_secret_source` ON `source_secret` (`source_id`);--> statement-breakpoint
CREATE TABLE `stall` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`market_id` integer NOT NULL,
	`section_id` integer NOT NULL,
	`name` text NOT NULL,
	`code` text NOT NULL,
	`reference` text NOT NULL,
	`opened_at` integer NOT NULL,
	`closed_at` integer
);
--> statement-breakpoint
CREATE UNIQUE INDEX `stall_name` ON `stall` (`market_id`,`name`);--> statement-breakpoint
CREATE UNIQUE INDEX `stall_public_code` ON `stall` (`code`);--> statement-breakpoint
CREATE UNIQUE INDEX `stall_reference` ON `stall` (`reference`);--> statement-breakpoint
CREATE TABLE `stall_code` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`market_id` integer NOT NULL,
	`stall_id` integer NOT NULL,
	`account_id` integer NOT NULL,
	`kind` text NOT NULL,
	`payload` text NOT NULL,
	`printed_at` integer NOT NULL,
	`retired_at` integer
);
--> statement-breakpoint
CREATE INDEX `stall_code_stall` ON `stall_code` (`stall_id`);--> statement-breakpoint
CREATE TABLE `takings` (
	`market_id` integer NOT NULL,
	`business_day` text NOT NULL,
	`stall_id` integer NOT NULL,
	`total_vnd` integer NOT NULL,
	`sale_count` integer NOT NULL,
	`unclear_count` integer NOT NULL,
	PRIMARY KEY(`market_id`, `business_day`, `stall_id`)
);
--> statement-breakpoint
CREATE TABLE `tenancy` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`market_id` integer NOT NULL,
	`stall_id` integer NOT NULL,
	`vendor_id` integer NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer
);
--> statement-breakpoint
CREATE INDEX `tenancy_stall` ON `tenancy` (`stall_id`);--> statement-breakpoint
CREATE TABLE `transaction_text` (
	`market_id` integer NOT NULL,
	`transaction_seq` integer NOT NULL,
	`remittance_text` text NOT NULL,
	`payer_name` text,
	`payer_account` text,
	`erase_on` text NOT NULL,
	PRIMARY KEY(`market_id`, `transaction_seq`)
);
--> statement-breakpoint
CREATE INDEX `transaction_text_erase` ON `transaction_text` (`erase_on`);--> statement-breakpoint
CREATE TABLE `vendor` (
	`id` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`market_id` integer NOT NULL,
	`name` text NOT NULL,
	`phone` text NOT NULL,
	`announce` text DEFAULT 'amount' NOT NULL,
	`thousand` text DEFAULT 'ngàn' NOT NULL,
	`odd` text DEFAULT 'lẻ' NOT NULL
);
--> statement-breakpoint
CREATE INDEX `vendor_name` ON `vendor` (`market_id`,`name`);--> statement-breakpoint
CREATE TABLE `witness` (
	`market_id` integer NOT NULL,
	`source_id` text NOT NULL,
	`source_key` text NOT NULL,
	`channel` text NOT NULL,
	`transaction_seq` integer NOT NULL,
	`notification_seq` integer NOT NULL,
	PRIMARY KEY(`market_id`, `source_id`, `source_key`)
);
--> statement-breakpoint
CREATE INDEX `witness_transaction` ON `witness` (`market_id`,`transaction_seq`);