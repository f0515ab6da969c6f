//! One accepted movement of money, and how it goes into the state. Whatever moves money ends here; there is no
//! second way.

use super::account::Account;
use super::base::ledger::{Entry, LedgerAccount};
use super::bill::Bill;
use super::exception::Exception;
use super::payment::{Payment, Reversal};
use super::state::{Changes, State};

/// The rows and after-images of one accepted movement.
#[derive(Debug, Clone, Default)]
pub struct Movement {
    /// A new payment.
    pub payment: Option<Payment>,
    /// A new reversal.
    pub reversal: Option<Reversal>,
    /// The hot row afterwards; `None` where the money stays in suspense.
    pub account: Option<Account>,
    /// The bills it changed, afterwards.
    pub bills: Vec<Bill>,
    /// New rows of the ledger.
    pub entries: Vec<Entry>,
    /// Differences it leaves.
    pub exceptions: Vec<Exception>,
}

impl State {
    /// Puts a movement into the state, so that the next command of the batch sees it, and notes what must be
    /// written. Past the decision nothing can fail.
    pub(in crate::domain) fn apply(&mut self, movement: Movement) {
        let Movement { payment, reversal, account, bills, entries, exceptions } = movement;
        if let Some(payment) = &payment {
            count_payment(&mut self.changes, payment);
            self.rooms.payments.put(payment.clone());
        }
        if let Some(reversal) = &reversal {
            count_reversal(&mut self.changes, reversal, &entries);
            self.rooms.payments.reverse(reversal);
        }
        if let Some(account) = account {
            self.settle_account(account, bills);
        }
        self.changes.payments.posted.extend(payment);
        self.changes.payments.reversals.extend(reversal);
        self.changes.entries.extend(entries);
        self.changes.exceptions.extend(exceptions);
    }

    fn settle_account(&mut self, account: Account, bills: Vec<Bill>) {
        self.changes.accounts.touched.insert(account.number.clone());
        let known = self.accounts.get_mut(&account.number).expect("a moved account was loaded");
        known.account = account;
        for bill in bills {
            let key = (bill.account_number.clone(), bill.number.clone());
            if !self.changes.bills.issued.contains(&key) {
                self.changes.bills.touched.insert(key);
            }
            known.put_bill(bill);
        }
    }
}

fn count_payment(changes: &mut Changes, payment: &Payment) {
    let day = (payment.channel_code.clone(), payment.business_day);
    let delta = changes.channels.totals.entry(day).or_default();
    delta.posted_fen += payment.amount_fen;
    delta.posted_count += 1;
}

fn count_reversal(changes: &mut Changes, reversal: &Reversal, entries: &[Entry]) {
    let day = (reversal.channel_code.clone(), reversal.business_day);
    let delta = changes.channels.totals.entry(day).or_default();
    let is_given_back =
        |entry: &&Entry| entry.movement_id == reversal.id && entry.credit == LedgerAccount::Clearing;
    delta.reversed_fen += entries.iter().filter(is_given_back).map(|entry| entry.amount_fen).sum::<i64>();
    delta.reversed_count += 1;
}
