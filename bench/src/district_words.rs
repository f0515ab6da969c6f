//! The words that names and addresses of the district are put together from, and the SQL that does it.

/// Lists by name, their words separated by spaces.
const WORDS: [(&str, &str); 4] = [
    (
        "surname",
        "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 欧阳 诸葛",
    ),
    (
        "given",
        "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞 平 刚 桂英 建国 秀兰 志强 玉兰 晓东 海燕 文博 \
         雨桐 子涵 浩然 欣怡 国庆 春梅 永福 德胜 素珍 立新 红梅 长江",
    ),
    ("street", "解放路 治淮路 东升路 胜利东路 凤阳东路 航华路 交通路 吴湾路 曹山路 雪华路 宏业路 滨湖路"),
    ("estate", "淮光小区 龙湖春天 东海花园 水岸华庭 长青里 铁路新村 锦绣苑 东方家园 张公山二村 纺织宿舍"),
];

/// The lists of words that names are drawn from, as a table.
pub fn words_table() -> String {
    let rows: Vec<String> = WORDS
        .iter()
        .flat_map(|(list, words)| {
            words.split(' ').enumerate().map(move |(place, word)| format!("('{list}', {place}, '{word}')"))
        })
        .collect();
    format!(
        "CREATE TABLE bench_words (list TEXT, place BIGINT, word TEXT); \
         INSERT INTO bench_words VALUES {}",
        rows.join(", ")
    )
}

/// A holder for each account. Phone numbers with four zeros in the middle belong to nobody.
pub fn holders() -> String {
    let join = |list: &str, factor: u64| {
        let len =
            WORDS.iter().find(|(name, _)| *name == list).map_or(1, |(_, words)| words.split(' ').count());
        format!(
            "JOIN bench_words AS {list} ON {list}.list = '{list}' AND {list}.place = i * {factor} / 7 % {len}"
        )
    };
    format!(
        "INSERT INTO account_holders (account_number, name, address, phone, area) \
         SELECT account_number, surname.word || given.word, \
         '蚌埠市龙子湖区' || street.word || (1 + i * 31 % 300) || '号' || estate.word || (1 + i * 17 % 30) || '栋', \
         '1380000' || substr(account_number, 7, 4), '龙子湖供电所' || (1 + i % 24) || '台区' \
         FROM bench_index {} {} {} {} ORDER BY i",
        join("surname", 7_919),
        join("given", 104_729),
        join("street", 1_299_709),
        join("estate", 15_485_863),
    )
}
