//! Names and addresses of the sample district, drawn from lists by the account's index.

use crate::domain::account::CustomerClass;

const SURNAMES: [&str; 32] = [
    "王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何",
    "郭", "马", "罗", "梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "欧阳", "诸葛",
];
const GIVEN: [&str; 40] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超",
    "霞", "平", "刚", "桂英", "建国", "秀兰", "志强", "玉兰", "晓东", "海燕", "文博", "雨桐", "子涵", "浩然",
    "欣怡", "国庆", "春梅", "永福", "德胜", "素珍", "立新", "红梅", "长江",
];
const STREETS: [&str; 12] = [
    "解放路",
    "治淮路",
    "东升路",
    "胜利东路",
    "凤阳东路",
    "航华路",
    "交通路",
    "吴湾路",
    "曹山路",
    "雪华路",
    "宏业路",
    "滨湖路",
];
const ESTATES: [&str; 10] = [
    "淮光小区",
    "龙湖春天",
    "东海花园",
    "水岸华庭",
    "长青里",
    "铁路新村",
    "锦绣苑",
    "东方家园",
    "张公山二村",
    "纺织宿舍",
];
const SHOPS: [&str; 8] = ["小吃店", "便利店", "五金店", "理发店", "水果店", "药房", "电动车行", "早点铺"];
const WORKS: [&str; 6] =
    ["机械有限公司", "玻璃制品厂", "纺织有限公司", "食品有限公司", "包装材料厂", "化工有限公司"];
const PUBLIC: [&str; 6] = ["小学", "卫生院", "幼儿园", "居委会", "路灯管理所", "敬老院"];
const VILLAGES: [&str; 8] = ["李楼", "长淮卫", "曹老集", "雷桥", "仇岗", "东庵", "山许", "宋庄"];

/// A number below `below` that belongs to this account and this question, always the same.
pub(super) fn draw(index: u32, question: u32, below: u32) -> u32 {
    let mut mixed = (u64::from(index) << 32 | u64::from(question)).wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    u32::try_from((mixed ^ (mixed >> 31)) % u64::from(below.max(1))).unwrap_or(0)
}

fn pick(list: &[&'static str], index: u32, question: u32) -> &'static str {
    let place = draw(index, question, u32::try_from(list.len()).unwrap_or(1));
    list.get(place as usize).copied().unwrap_or_default()
}

/// Name of a person.
pub(super) fn person(index: u32) -> String {
    format!("{}{}", pick(&SURNAMES, index, 30), pick(&GIVEN, index, 31))
}

/// Name of a customer that isn't a household.
pub(super) fn company(index: u32, class: CustomerClass) -> String {
    let owner = person(index);
    match class {
        CustomerClass::Residential | CustomerClass::Commercial => {
            format!("{owner}{}", pick(&SHOPS, index, 32))
        }
        CustomerClass::Industrial => {
            format!("蚌埠市{}{}", pick(&GIVEN, index, 33), pick(&WORKS, index, 32))
        }
        CustomerClass::Agricultural => format!("{}村排灌站（{owner}）", pick(&VILLAGES, index, 32)),
        CustomerClass::Other => {
            format!("龙子湖区{}{}", pick(&STREETS, index, 33), pick(&PUBLIC, index, 32))
        }
    }
}

/// Address of a service point.
pub(super) fn address(index: u32, class: CustomerClass) -> String {
    let street = pick(&STREETS, index, 40);
    let house = 1 + draw(index, 41, 300);
    match class {
        CustomerClass::Residential => {
            let (block, floor, door) =
                (1 + draw(index, 42, 30), 1 + draw(index, 43, 18), 1 + draw(index, 44, 4));
            format!("蚌埠市龙子湖区{street}{house}号{}{block}栋{floor}{door:02}室", pick(&ESTATES, index, 45))
        }
        CustomerClass::Agricultural => format!("蚌埠市龙子湖区{}村{house}号", pick(&VILLAGES, index, 32)),
        CustomerClass::Commercial | CustomerClass::Industrial | CustomerClass::Other => {
            format!("蚌埠市龙子湖区{street}{house}号")
        }
    }
}
