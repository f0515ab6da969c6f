//! J, the naive twin: what granary would be as most services are written. actix, async-graphql and
//! Diesel over an r2d2 pool; granary's own rules and statements, but one transaction for each request
//! on a connection of the pool, and no queue, no lanes, no combining. No tokens, no guard, no logging:
//! it is spared all that isn't the posting.
//!
//! `DATABASE_URL` and `PORT` in the environment; prints `listening`; ends on SIGTERM.

use std::sync::Arc;
use std::time::SystemTime;

use actix_web::{App, HttpResponse, HttpServer, web};
use async_graphql::{Context, EmptySubscription, Error, InputObject, Object, Result, Schema, SimpleObject};
use granary::domain::account::masking::mask_name;
use granary::domain::base::actor::Actor;
use granary::domain::base::calendar::day_of;
use granary::domain::base::keys::Key;
use granary::domain::base::money::{format_amount, parse_amount};
use granary::domain::base::numbers::Given;
use granary::domain::bill::Bill;
use granary::domain::bill::policies::Policies;
use granary::domain::book::{Answer, Command, Numbered};
use granary::domain::keyed::Answered;
use granary::domain::payment::{PostInput, PostPayment, receipt_number};
use granary::store::base::connection::{self, Connection, Database, Purpose};
use granary::store::base::ids::IdBlock;
use granary::store::base::utility::utility;
use granary::store::{StoreError, batch, bill};

/// As granary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Connections, which is also how many payments run at once; `POOL` in the environment says otherwise. 8, 16
/// and 32 in turns came out alike on two cores (489 and 527, 506 and 500, 443 and 490 payments a second).
const POOL_LEN: u32 = 16;
/// Numbers that one payment can draw, as in a lane.
const IDS_PER_PAYMENT: i64 = 16;

/// What the pool holds: a connection and a block of numbers of its own, so that nobody waits for those.
struct Pooled {
    connection: Connection,
    ids: IdBlock,
}

struct Manager(Database);

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = StoreError;

    fn connect(&self) -> std::result::Result<Pooled, StoreError> {
        Ok(Pooled { connection: self.0.connect(Purpose::Write)?, ids: IdBlock::default() })
    }

    fn is_valid(&self, _: &mut Pooled) -> std::result::Result<(), StoreError> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Pooled) -> bool {
        false
    }
}

struct Shared {
    pool: r2d2::Pool<Manager>,
    zone: chrono_tz::Tz,
    policies: Policies,
}

impl Shared {
    /// Runs work that waits for the database beside the threads that serve.
    async fn on_pool<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Self, &mut Pooled) -> std::result::Result<T, StoreError> + Send + 'static,
    ) -> Result<T> {
        let shared = self.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut pooled = shared.pool.get().map_err(|error| StoreError::Connect(error.to_string()))?;
            work(&shared, &mut pooled)
        });
        done.await?.map_err(|error| Error::new(error.to_string()))
    }

    fn post(&self, pooled: &mut Pooled, payment: PostPayment) -> std::result::Result<Answer, StoreError> {
        pooled.ids.reserve(&mut pooled.connection, IDS_PER_PAYMENT)?;
        let id = granary::domain::base::clock::Ids::next_id(&mut pooled.ids);
        let given = Given::taken_in(now_ms()).with_numbers(id, 1);
        let order = Numbered { given, command: Command::PostPayment(payment) };
        connection::begin(&mut pooled.connection)?;
        match self.settle(pooled, &order) {
            Ok(answer) => connection::commit(&mut pooled.connection).map(|()| answer),
            Err(error) => connection::rollback(&mut pooled.connection).and(Err(error)),
        }
    }

    fn settle(&self, pooled: &mut Pooled, order: &Numbered) -> std::result::Result<Answer, StoreError> {
        let mut loaded = batch::load(&mut pooled.connection, std::slice::from_ref(order), self.zone)?;
        let answer = order.settle(&mut loaded.state);
        batch::write(&mut pooled.connection, loaded, &mut pooled.ids)?;
        Ok(answer)
    }
}

#[derive(InputObject)]
struct PaymentPostInput {
    idempotency_key: String,
    account_number: String,
    amount: String,
}

#[derive(SimpleObject)]
struct UserError {
    code: &'static str,
}

#[derive(SimpleObject)]
struct PostedPayment {
    receipt_number: String,
}

#[derive(SimpleObject)]
struct PaymentPostPayload {
    payment: Option<PostedPayment>,
    replayed: bool,
    user_errors: Vec<UserError>,
}

struct Mutation;

#[Object]
impl Mutation {
    async fn payment_post(&self, ctx: &Context<'_>, input: PaymentPostInput) -> Result<PaymentPostPayload> {
        let amount_fen = parse_amount(&input.amount).ok_or("no amount")?;
        let payment = PostPayment {
            key: Key { channel_code: "BANK-1".to_owned(), text: input.idempotency_key },
            input: PostInput {
                account_number: input.account_number,
                amount_fen,
                paid_at_ms: None,
                bill_numbers: None,
            },
            note: None,
            trimmed: None,
            actor: Actor { subject: "naive".to_owned(), token_id: "naive".to_owned() },
        };
        let shared = ctx.data::<Arc<Shared>>()?;
        match shared.on_pool(move |shared, pooled| shared.post(pooled, payment)).await? {
            Answer::PostPayment(Answered::Settled { outcome: Ok(payment), replayed }) => {
                let receipt_number = receipt_number(payment.id);
                let payment = Some(PostedPayment { receipt_number });
                Ok(PaymentPostPayload { payment, replayed, user_errors: Vec::new() })
            }
            Answer::PostPayment(Answered::Settled { outcome: Err(refusal), replayed }) => {
                let user_errors = vec![UserError { code: refusal.code.word() }];
                Ok(PaymentPostPayload { payment: None, replayed, user_errors })
            }
            _ => Err("no such channel".into()),
        }
    }
}

#[derive(SimpleObject)]
struct OpenBill {
    number: String,
    period: String,
    due_on: String,
    principal: String,
    penalty: String,
    paid: String,
    amount_due: String,
    is_payable: bool,
}

#[derive(SimpleObject)]
struct Bills {
    nodes: Vec<OpenBill>,
}

#[derive(async_graphql::Enum, Copy, Clone, PartialEq, Eq)]
enum BillStatus {
    Open,
    PartlyPaid,
}

#[derive(InputObject)]
struct BillFilter {
    #[graphql(name = "status")]
    _status: Option<Vec<BillStatus>>,
}

struct Account {
    status: &'static str,
    name: String,
    bills: Vec<(Bill, i64)>,
}

#[Object]
impl Account {
    async fn status(&self) -> &str {
        self.status
    }

    async fn name(&self) -> String {
        mask_name(&self.name)
    }

    async fn amount_due(&self) -> String {
        format_amount(self.bills.iter().map(|(_, due_fen)| due_fen).sum())
    }

    /// Those that are payable; it knows no others.
    async fn bills(
        &self,
        first: Option<usize>,
        #[graphql(name = "filter")] _filter: Option<BillFilter>,
    ) -> Bills {
        let nodes = self.bills.iter().take(first.unwrap_or(20)).map(|(bill, due_fen)| OpenBill {
            number: bill.number.clone(),
            period: bill.period.clone(),
            due_on: bill.due_on.to_string(),
            principal: format_amount(bill.principal_fen),
            penalty: format_amount(due_fen + paid_fen(bill) - bill.principal_fen),
            paid: format_amount(paid_fen(bill)),
            amount_due: format_amount(*due_fen),
            is_payable: bill.is_payable(),
        });
        Bills { nodes: nodes.collect() }
    }
}

fn paid_fen(bill: &Bill) -> i64 {
    bill.principal_paid_fen + bill.penalty_paid_fen
}

struct Query;

#[Object]
impl Query {
    async fn account(&self, ctx: &Context<'_>, number: String) -> Result<Option<Account>> {
        let shared = ctx.data::<Arc<Shared>>()?;
        let looked_up = shared.on_pool(move |shared, pooled| {
            let numbers = [number];
            let found = bill::read::accounts(&mut pooled.connection, &numbers)?.remove(&numbers[0]);
            let today = day_of(now_ms(), shared.zone);
            let due = |bill: &Bill| {
                let due_fen = bill.amount_due_fen(shared.policies.penalty_of(bill), today);
                (bill.clone(), due_fen)
            };
            Ok(found.map(|found| Account {
                status: found.account.status.word(),
                name: found.holder.name.clone(),
                bills: found.open_bills.iter().map(due).collect(),
            }))
        });
        looked_up.await
    }
}

type NaiveSchema = Schema<Query, Mutation, EmptySubscription>;

async fn answer(schema: web::Data<NaiveSchema>, body: web::Json<async_graphql::Request>) -> HttpResponse {
    HttpResponse::Ok().json(schema.execute(body.into_inner()).await)
}

fn now_ms() -> i64 {
    let since = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis());
    i64::try_from(since).unwrap_or(i64::MAX)
}

#[actix_web::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let database = Database::from_url(&std::env::var("DATABASE_URL")?)?;
    let mut connection = database.connect(Purpose::Read)?;
    let zone = utility(&mut connection)?.zone;
    let policies = bill::policies::policies(&mut connection, zone)?;
    let pool_len = std::env::var("POOL").ok().and_then(|len| len.parse().ok()).unwrap_or(POOL_LEN);
    let pool = r2d2::Pool::builder().max_size(pool_len).test_on_check_out(false).build(Manager(database))?;
    let shared = Arc::new(Shared { pool, zone, policies });
    let schema = Schema::build(Query, Mutation, EmptySubscription).data(shared).finish();
    let port: u16 = std::env::var("PORT")?.parse()?;
    let server = HttpServer::new(move || {
        App::new().app_data(web::Data::new(schema.clone())).route("/graphql", web::post().to(answer))
    });
    let server = server.bind(("127.0.0.1", port))?;
    println!("listening on {port}");
    server.run().await?;
    Ok(())
}
