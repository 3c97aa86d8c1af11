//! Lines through points that have a place.

use maud::{Markup, html};

use super::colour;
use super::frame::at;

/// A place in a chart.
pub(super) type Place = (f64, f64);

/// The line of a series; where a point has no place, it is interrupted.
pub(super) fn series(index: usize, name: &str, places: &[Option<Place>]) -> Markup {
    let unbroken = places.split(Option::is_none).filter(|places| !places.is_empty());
    html! {
        g.(colour(index)) {
            title { (name) }
            @for places in unbroken {
                @match places {
                    [Some((x, y))] => { circle.dot cx=(at(*x)) cy=(at(*y)) r="3" {} },
                    _ => { polyline.line points=(points(places)) {} },
                }
            }
        }
    }
}

fn points(places: &[Option<Place>]) -> String {
    let places = places.iter().flatten().map(|(x, y)| format!("{},{}", at(*x), at(*y)));
    places.collect::<Vec<_>>().join(" ")
}

/// No more points than can be told apart: of those in one column only the lowest and the highest,
/// so that no outlier is lost.
pub(super) fn thinned(places: &[Option<Place>]) -> Vec<Option<Place>> {
    let column = |place: &Option<Place>| place.map(|(x, _)| x.round());
    let columns = places.chunk_by(|one, next| column(one) == column(next));
    columns.flat_map(ends).collect()
}

/// In the order in which they stand.
fn ends(column: &[Option<Place>]) -> Vec<Option<Place>> {
    let height = |index: &usize| column[*index].map_or(0.0, |(_, y)| y);
    let by_height = |one: &usize, other: &usize| height(one).total_cmp(&height(other));
    let lowest = (0..column.len()).min_by(by_height);
    let highest = (0..column.len()).max_by(by_height);
    let mut ends: Vec<_> = lowest.into_iter().chain(highest).collect();
    ends.sort_unstable();
    ends.dedup();
    ends.into_iter().map(|index| column[index]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_points_the_lowest_and_the_highest_of_each_column_stay() {
        let mut places: Vec<_> =
            (0..10_000).map(|index| Some((f64::from(index) / 100.0, 50.0))).collect();
        places[4_321] = Some((43.21, 3.0));
        let thinned = thinned(&places);
        assert!(thinned.len() <= 202, "{}", thinned.len());
        assert!(thinned.contains(&Some((43.21, 3.0))));
        assert!(thinned.is_sorted_by(|one, next| one.unwrap().0 <= next.unwrap().0));
    }

    #[test]
    fn a_line_is_interrupted_where_a_point_has_no_place() {
        let places = [Some((1.0, 1.0)), Some((2.0, 1.0)), None, Some((4.0, 1.0))];
        let drawn = series(0, "a", &thinned(&places)).into_string();
        assert!(drawn.contains(r#"points="1.0,1.0 2.0,1.0""#), "{drawn}");
        assert!(drawn.contains(r#"<circle class="dot" cx="4.0""#), "{drawn}");
    }
}
