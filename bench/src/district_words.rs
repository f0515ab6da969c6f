//! The words that names and addresses of the district are put together from.

/// Lists by name, their words separated by spaces.
pub const WORDS: [(&str, &str); 4] = [
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
