//! The rooms with commands, a line each: what a room knows of in a batch's [`State`](super::state::State) beside
//! channels, accounts and bills, and the commands it asks. `state` and `book` are made of this list.

/// Hands the list to another macro.
macro_rules! rooms {
    ($maker:ident) => {
        $maker! {
            keyed {
                payment knows payments: Payments, asks PostPayment;
                reversal asks ReversePayment;
                trial knows #[cfg(feature = "trial")] trial: Trial,
                    asks #[cfg(feature = "trial")] OpenVisit, #[cfg(feature = "trial")] CloseVisit;
            }
            unkeyed {
                bill asks IssueBill;
                account asks SaveAccount;
                channel asks ChannelChange;
                access asks AccessChange;
            }
        }
    };
}
pub(super) use rooms;
