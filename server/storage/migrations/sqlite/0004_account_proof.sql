CREATE TABLE `account_proof` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`stall_id` integer NOT NULL,
	`account_id` integer NOT NULL,
	`token_hash` text NOT NULL,
	`reference` text NOT NULL,
	`amount_vnd` integer,
	`started_at` integer NOT NULL,
	`expires_at` integer NOT NULL,
	`transaction_seq` integer,
	`tries_used` integer DEFAULT 0 NOT NULL,
	`proven_at` integer,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `account_proof_reference` ON `account_proof` (`market_id`,`reference`);--> statement-breakpoint
CREATE INDEX `account_proof_stall` ON `account_proof` (`market_id`,`stall_id`,`seq`);--> statement-breakpoint
CREATE INDEX `account_proof_expiry` ON `account_proof` (`market_id`,`expires_at`);--> statement-breakpoint
CREATE TABLE `cut` (
	`market_id` integer NOT NULL,
	`seq` integer NOT NULL,
	`business_day` text NOT NULL,
	PRIMARY KEY(`market_id`, `seq`)
);
--> statement-breakpoint
ALTER TABLE `payee_account_state` ADD `after_seq` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `tenancy` ADD `sees_after` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `session_vendor` ON `session` (`market_id`,`vendor_id`);--> statement-breakpoint
-- What was there before these columns: a later holder, a later account, from the seq that the market had then.
UPDATE `tenancy` SET `sees_after` = coalesce(
	(SELECT min(t.`seq`) - 1 FROM `bank_transaction` t WHERE t.`market_id` = `tenancy`.`market_id` AND t.`recorded_at` > `tenancy`.`started_at`),
	(SELECT `seq` FROM `market_counter` WHERE `market_counter`.`market_id` = `tenancy`.`market_id`),
	0
)
WHERE EXISTS (SELECT 1 FROM `tenancy` earlier WHERE earlier.`stall_id` = `tenancy`.`stall_id` AND earlier.`id` < `tenancy`.`id`);--> statement-breakpoint
UPDATE `payee_account_state` SET `after_seq` = coalesce((SELECT max(t.`seq`) FROM `bank_transaction` t WHERE t.`market_id` = `payee_account_state`.`market_id` AND t.`recorded_at` < `payee_account_state`.`at`), 0)
WHERE `state` = 'active' AND EXISTS (
	SELECT 1 FROM `payee_account_state` earlier
	JOIN `payee_account` theirs ON theirs.`id` = earlier.`account_id`
	JOIN `payee_account` own ON own.`id` = `payee_account_state`.`account_id`
	WHERE earlier.`state` = 'active' AND earlier.`id` < `payee_account_state`.`id` AND theirs.`stall_id` = own.`stall_id`
);
