CREATE TABLE `cash_sale` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`business_day` text NOT NULL,
	`stall_id` integer NOT NULL,
	`amount_vnd` integer NOT NULL,
	`idempotency_key` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `cash_sale_key` ON `cash_sale` (`market_id`,`stall_id`,`idempotency_key`);--> statement-breakpoint
CREATE INDEX `cash_sale_day` ON `cash_sale` (`market_id`,`business_day`,`stall_id`,`seq`);--> statement-breakpoint
CREATE TABLE `incident` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`stall_id` integer NOT NULL,
	`kind` text NOT NULL,
	`payload` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE TABLE `sale` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`stall_id` integer NOT NULL,
	`reference` text NOT NULL,
	`reserved_at` integer NOT NULL,
	`amount_vnd` integer,
	`issued_at` integer,
	`cancelled_at` integer,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sale_reference` ON `sale` (`market_id`,`reference`);--> statement-breakpoint
CREATE INDEX `sale_stall` ON `sale` (`market_id`,`stall_id`,`seq`);--> statement-breakpoint
CREATE TABLE `signing_key` (
	`kid` text PRIMARY KEY NOT NULL,
	`public_jwk` text NOT NULL,
	`private_jwk` text NOT NULL,
	`created_at` integer NOT NULL,
	`retired_at` integer
);
--> statement-breakpoint
CREATE TABLE `snapshot` (
	`market_id` integer NOT NULL,
	`business_day` text NOT NULL,
	`definitions_version` text NOT NULL,
	`figures` text NOT NULL,
	`signature` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`market_id`, `business_day`, `definitions_version`)
);
--> statement-breakpoint
ALTER TABLE `match` ADD `sale_seq` integer;--> statement-breakpoint
ALTER TABLE `takings` ADD `cash_vnd` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `takings` ADD `cash_count` integer DEFAULT 0 NOT NULL;